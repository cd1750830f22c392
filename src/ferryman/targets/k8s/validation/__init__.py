"""What the API server's validation refuses beyond the types of fields.

The schemas say which fields there are. Here stand the values, ranges, forms and combinations
that the server takes, by the type of the Go struct (`core.v1.Container`), so that each holds
wherever the type stands. Source: OpenAPI and `pkg/apis/*/validation` of Kubernetes 1.36, and
the CRDs of the Gateway API 1.5. It knows single objects; what must agree across objects is the
rules' part.
"""
