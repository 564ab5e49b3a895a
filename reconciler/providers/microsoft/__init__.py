"""The provider `microsoft`. Must not import its SDK: `api` alone does, once an account is opened."""

from reconciler.providers.microsoft.provider import MicrosoftProvider

__all__ = ["MicrosoftProvider"]
