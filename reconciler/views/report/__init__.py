"""The estate on one page for people who decide about money: a self-contained HTML document with charts.

Pure: values in, text out; nothing is worked out here but what fits. Only this loads Jinja and reportlab.
"""
