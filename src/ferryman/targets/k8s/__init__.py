"""The target `k8s`: manifests for the app, and its deployment to a Kubernetes cluster.

The whole package belongs to the build side. The pods run the image of the server target, which this
package must not import.
"""
