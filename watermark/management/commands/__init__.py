"""Commands of watermark."""
