"""What people and machines read: pure renderers of plan, report, status and history, a module for each format or page.

Must not decide, read or write anything; every sink has its escaper in `escape`.
"""
