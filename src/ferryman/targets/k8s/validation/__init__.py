"""Checks values that the API server's validation refuses, beyond the types of fields.

The schemas define the fields. This package defines the values, ranges, forms and combinations that
the server accepts, by the Go struct's type (`core.v1.Container`), so that each check applies
wherever the type is used. Source: OpenAPI and `pkg/apis/*/validation` of Kubernetes 1.36, and the
CRDs of the Gateway API 1.5. It must only know single objects; `rules` checks several objects
together.
"""
