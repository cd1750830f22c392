"""Images without a container tool: layers, an OCI layout, an SBOM, a push to a registry.

It knows what an image is made of, and no target: each says in a plan what its own holds.
"""
