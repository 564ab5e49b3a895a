"""YAML text to the desired state and the settings: strict, located, and every error in one pass.

Pure: texts are handed in. The only package that knows YAML; importing it costs pydantic and PyYAML.
"""

from reconciler.spec.explain import Explanation, FieldLayers, LayerValue, explain
from reconciler.spec.load import load_specs
from reconciler.spec.settings import load_settings

__all__ = ["Explanation", "FieldLayers", "LayerValue", "explain", "load_settings", "load_specs"]
