"""What a provider's author and a first-time user need without a live account: `emulators`, and `conformance`, a suite.

Nothing of the product imports it, but the command that starts a sandbox.
"""
