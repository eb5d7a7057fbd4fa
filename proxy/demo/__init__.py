"""The demonstration: a service with made-up replies to stand behind Facegate, and the calls that show it at work."""
