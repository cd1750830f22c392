"""The target `k8s`: the app in a Kubernetes cluster, as manifests.

All of it belongs to the build side. The pods run the image of the server target, which this package
must not import.
"""
