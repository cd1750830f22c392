"""The template that has CloudFormation make the function that a zip is for.

What the function must be told and what the zip was built for come from the same settings, so
that they cannot differ. Sources: "AWS::Serverless::Function" and "FunctionUrlConfig" in the
AWS SAM developer guide.
"""

from __future__ import annotations

import json

from ferryman.core.build.project import Project
from ferryman.targets.lambda_.options import LambdaOptions

__all__ = ("TEMPLATE_FILE", "function_template")

TEMPLATE_FILE = "template.json"
"""The template's name, beside the zip."""


def function_template(project: Project, code: str, handler: str, wrapper: str) -> str:
    """Return the text of a template with the function, its role and a Function URL.

    Whoever calls the URL needs the permission to: it is not public unless it is made so.

    Args:
        project: The project.
        code: The zip's name.
        handler: The function's handler.
        wrapper: The program in the zip that starts the runtime.
    """
    options = project.section("lambda", LambdaOptions)
    mode = "RESPONSE_STREAM" if options.streaming else "BUFFERED"
    function = {
        "CodeUri": code,
        "Handler": handler,
        "Runtime": f"python{project.fields.python}",
        "Architectures": [options.architecture],
        "MemorySize": options.memory,
        "Timeout": options.timeout,
        "Environment": {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": wrapper}},
        "FunctionUrlConfig": {"AuthType": "AWS_IAM", "InvokeMode": mode},
    }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Description": f"{project.fields.name}, built by ferryman",
        "Resources": {"Function": {"Type": "AWS::Serverless::Function", "Properties": function}},
        "Outputs": {"Url": {"Value": {"Fn::GetAtt": ["FunctionUrl", "FunctionUrl"]}}},
    }
    return json.dumps(template, indent=2) + "\n"
