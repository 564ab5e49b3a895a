"""The engine for outside providers: pacing, reads that are tried again, writes that are settled, and what was cut off.

It speaks through ports only and knows no provider and no SDK. Must not be imported where no account is outside: the
rate limiter costs a start-up that nobody else has to pay.
"""
