"""Images without a container tool: layers, an OCI layout, an SBOM, a push to a registry.

It knows the parts of an image. It must not know a target: each target describes its image in a
plan.
"""
