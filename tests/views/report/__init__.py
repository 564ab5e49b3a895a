"""Tests of the report, mirroring `reconciler.views.report`."""
