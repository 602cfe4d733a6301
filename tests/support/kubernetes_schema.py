"""Checks the objects in `serving/kubernetes.yaml` against Kubernetes's schema.

`kubernetes_schema.json` has the definitions of Kubernetes 1.37 that these
objects need, without their descriptions. The definitions come from the package
kubernetes-validate. The tests do not use that package, because it contains
every version of Kubernetes and takes 100 MB. Where it is installed,
`python -m tests.support.kubernetes_schema` writes the file anew.
"""

import importlib.resources
import json
import pathlib
import re

import jsonschema

FILE = pathlib.Path(__file__).with_name('kubernetes_schema.json')
PUBLISHED = 'kubernetes-json-schema/v1.37.0-local-strict/_definitions.json'
KINDS = {
    'Deployment': 'io.k8s.api.apps.v1.Deployment',
    'Service': 'io.k8s.api.core.v1.Service',
    'HorizontalPodAutoscaler': (
        'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler'
    ),
    'PodDisruptionBudget': 'io.k8s.api.policy.v1.PodDisruptionBudget',
}


def errors(manifest):
    """Returns the schema's complaints about an object, a list of strings."""
    schema = {
        **json.loads(FILE.read_text()),
        '$ref': f'#/$defs/{KINDS[manifest["kind"]]}',
    }
    found = jsonschema.Draft202012Validator(schema).iter_errors(manifest)
    return [f'{error.json_path}: {error.message}' for error in found]


def _needed(definitions):
    """Returns the definitions that `KINDS` need, without descriptions.

    Args:
        definitions: A dict from name to schema.
    """
    needed, names = {}, list(KINDS.values())
    while names:
        name = names.pop()
        if name not in needed:
            needed[name] = _bare(definitions[name])
            text = json.dumps(needed[name])
            names += re.findall(r'"#/\$defs/([^"]+)"', text)
    return dict(sorted(needed.items()))


def _bare(schema):
    if isinstance(schema, list):
        return [_bare(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    bare = {}
    for name, value in schema.items():
        if name == '$ref':
            bare[name] = value[value.index('#') :]
        elif name != 'description' or not isinstance(value, str):
            bare[name] = _bare(value)
    return bare


if __name__ == '__main__':
    published = importlib.resources.files('kubernetes_validate') / PUBLISHED
    definitions = json.loads(published.read_text())['$defs']
    lines = ',\n'.join(
        f'{json.dumps(name)}: {json.dumps(schema, separators=(",", ":"))}'
        for name, schema in _needed(definitions).items()
    )
    FILE.write_text(f'{{"$defs": {{\n{lines}\n}}}}\n')
