"""What every target on AWS needs: a session, stacks and change sets, the bucket, the registry.

This room knows no target: it takes templates, files and names. boto3 is imported here and
nowhere else, and only once AWS is asked something.
"""
