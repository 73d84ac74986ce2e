"""How the shipped weights were made, from folders of speech to safetensors. Never imported to speak."""
