"""Evidence and numbers: what is recorded of each request, and what is counted."""
