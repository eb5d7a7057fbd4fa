"""Send what may be sent."""
