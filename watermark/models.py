"""Tables of watermark."""
