"""What is collected here."""

import os

collect_ignore = [] if os.environ.get("FACEGATE_SPECS") else ["test_specs.py"]
"""The service's documents are no part of this repository; where their folder is not named, nothing can be held against them."""
