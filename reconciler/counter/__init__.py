"""The counter-spec of a run: a patch over the spec files after which the next plan takes its changes back.

Pure: journal, records, specs and texts are handed in. Changes nothing itself, and proves what it proposes by a plan.
"""
