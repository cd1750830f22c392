"""Rules of our own: mistakes that Kubernetes' schemas do not see, and often no cluster does.

A module for each subject holds its rules; `book` lists them all and runs them. They read
documents of plain values, ours or anyone's, and import no Kubernetes client.
"""
