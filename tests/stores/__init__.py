"""Tests of the stores: the contract of all of them, and what is each one's own."""

import pytest

pytest.register_assert_rewrite("tests.stores.contract", "tests.stores.time_contract", "tests.stores.places")
