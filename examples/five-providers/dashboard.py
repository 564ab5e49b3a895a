#!/usr/bin/env python3
"""A click in Stripe's dashboard, for the sandbox: `python3 dashboard.py SUBSCRIPTION off` or `on`.

Somebody who changes a subscription outside of the specs does it there. Needs RECONCILE_STRIPE_ENDPOINT.
"""

import os
import sys
from urllib.request import Request, urlopen

subscription, recurring = sys.argv[1:]
ends = "true" if recurring == "off" else "false"
request = Request(  # noqa: S310  the sandbox of this machine
    f"{os.environ['RECONCILE_STRIPE_ENDPOINT']}/v1/subscriptions/{subscription}",
    data=f"cancel_at_period_end={ends}".encode(),
    headers={"Authorization": "Bearer sk_test_sandbox"},
)
with urlopen(request, timeout=30):  # noqa: S310
    sys.stdout.write(f"{subscription}: recurring {recurring}\n")
