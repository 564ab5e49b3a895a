"""Measures equal work by us, octoDNS and Terraform in one run, each as whole processes. `make bench-peers` runs it.

The peers live in environments of their own outside of this repository. They are started as processes, as their users
start them, and nothing here or in the product imports them.
"""
