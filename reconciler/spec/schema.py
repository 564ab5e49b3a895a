"""JSON Schemas (2020-12) of the spec files, made from their models: for editors, and for checks elsewhere.

Pure. A schema judges one file by itself as the models do; what needs other files or the YAML text is beyond it.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from reconciler.spec.models import AccountFile, DefaultsFile, SpecsFile
from reconciler.spec.own_lifecycles import WholeSettingsFile
from reconciler.spec.policies import LifecycleFile

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FILES: Final[dict[str, type[BaseModel]]] = {
    "specs": SpecsFile,
    "account": AccountFile,
    "defaults": DefaultsFile,
    "settings": WholeSettingsFile,
    "lifecycle": LifecycleFile,
}
"""The model of each kind of file."""


def spec_schema(kind: str) -> dict[str, Any]:
    """The schema of one kind of file, of those in FILES."""
    return {"$schema": DIALECT, **FILES[kind].model_json_schema(schema_generator=_Generator)}


class _Generator(GenerateJsonSchema):
    """Says what the files may hold. They know no null: what is not given is left out."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """What it is where it is given."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Without a default where nothing is the default."""
        if schema.get("default", ...) is None or "default_factory" in schema:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Names are judged as names, so that an editor says of a bad one what is wrong with it."""
        made = super().dict_schema({**schema, "keys_schema": core_schema.str_schema()})
        names = self.generate_inner(schema["keys_schema"])
        made["propertyNames"] = {rule: value for rule, value in names.items() if rule not in ("type", "minimum")}
        return made

    def field_title_should_be_set(self, schema: Any) -> bool:
        """No titles for fields: their keys are what people write."""
        return False
