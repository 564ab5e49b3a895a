"""Stripe: subscriptions of one account, read and changed through its API. Importing it imports no SDK (start-up)."""

from reconciler.providers.stripe.provider import StripeProvider

__all__ = ["StripeProvider"]
