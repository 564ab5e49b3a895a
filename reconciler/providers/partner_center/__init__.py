"""Partner Center: what a partner of Microsoft's sells to its customers (Cloud Solution Provider), over its REST API.

Importing it must not import the HTTP client or azure-identity: opening an account does.
"""

from __future__ import annotations

from reconciler.providers.partner_center.provider import PartnerCenterProvider

__all__ = ["PartnerCenterProvider"]
