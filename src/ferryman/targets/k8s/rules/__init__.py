"""ferryman's own rules: mistakes that Kubernetes' schemas, and often clusters, do not report.

Each module holds the rules of one subject; `all_rules` lists and runs them. Rules read documents as
plain values, from ferryman or from users; they must not import a Kubernetes client.
"""
