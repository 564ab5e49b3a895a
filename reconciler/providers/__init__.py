"""Providers: what carries changes out, one module or package each, unaware of each other."""
