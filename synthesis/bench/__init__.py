"""How good the voice is: one command, one table, beside real speech and beside other synthesisers.

    ./run bench voice [--prompts 100] [--speech FOLDER]        (python -m synthesis.bench)

Prompts are the ones kathleen read that no training hears. Every system speaks the same texts; all sounds are
brought to one level first. Metrics can be gamed (pocketsphinx likes diphone voices, DNSMOS rates them like
people), so a spectrogram page and a listening sheet lie beside the table. Tools that do not fit the product's
environment run in one of their own (`environment`). Results of unchanged sounds are kept and not measured again.
"""
