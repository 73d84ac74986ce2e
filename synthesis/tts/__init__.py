"""The voice model: text ids in, sound out. Torch and numpy only; see `voice.BaseVoice`."""
