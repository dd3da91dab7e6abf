"""What schemathesis checks of an answer beside its own checks."""

import schemathesis
from schemathesis.specs.openapi.checks import response_schema_conformance


@schemathesis.check
def as_the_document_has_it(context, answer, case):
    """The answer's schema, but where `field=` chose what it holds; of commands neither, whose results are lists in which
    each item has a schema of its own: schemathesis does not know those."""
    if case.method != "POST" and "field" not in (case.query or {}):
        return response_schema_conformance(context, answer, case)
