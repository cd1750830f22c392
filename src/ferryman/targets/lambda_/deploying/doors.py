"""The doors of a function: each leads to the alias `live`, so that it can be moved later. Pure.

Sources: "AWS::Lambda::Url", "AWS::ApiGatewayV2", "AWS::ApiGateway" and
"AWS::ElasticLoadBalancingV2" in the CloudFormation template reference; "Control access to
Lambda function URLs" for both permissions of a public one; "Response streaming" in the API
Gateway developer guide for the URI of a REST API that streams.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ferryman.aws.load_balancing import Balancer, alias_record, balanced
from ferryman.aws.template_parts import Part, Resource, att, made, ref, sub
from ferryman.targets.lambda_.deploying.options import DeployOptions
from ferryman.targets.lambda_.deploying.parts import ALIAS, permission

__all__ = ("Door", "door")

_STAGE = "live"
_EXECUTE_API = "${%s}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
_STREAMING_URI = (
    "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2021-11-15/functions/"
    "${Live}/response-streaming-invocations"
)
_BUFFERED_URI = (
    "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
    "${Live}/invocations"
)


@dataclass(frozen=True, slots=True)
class Door:
    """A door, and its address for CloudFront.

    Attributes:
        part: Its resources.
        host: Its host name.
        path: The prefix of every path, such as a stage; or empty.
        scheme: Its scheme.
        signed: Whether CloudFront has to sign its requests.
    """

    part: Part
    host: Any = None
    path: str = ""
    scheme: str = "https"
    signed: bool = False


def door(options: DeployOptions, *, streaming: bool) -> Door:
    """Return the door that the settings name."""
    build: Mapping[str, Callable[[], Door]] = {
        "function-url": lambda: _function_url(options, streaming),
        "http-api": lambda: _http_api(options),
        "rest-api": lambda: _rest_api(options, streaming),
        "alb": lambda: _load_balancer(options),
        "none": lambda: Door(Part()),
    }
    return build[options.door]()


def _function_url(options: DeployOptions, streaming: bool) -> Door:
    url = {
        "Type": "AWS::Lambda::Url",
        "DependsOn": [ALIAS],
        "Properties": {
            "TargetFunctionArn": ref("Function"),
            "Qualifier": _STAGE,
            "AuthType": "NONE" if options.public else "AWS_IAM",
            "InvokeMode": "RESPONSE_STREAM" if streaming else "BUFFERED",
        },
    }
    resources: dict[str, Resource] = {"Url": url}
    if options.public:
        resources |= {
            "UrlPermission": permission(
                "*", Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE"
            ),
            "UrlInvokePermission": permission("*", InvokedViaFunctionUrl=True),
        }
    host = {"Fn::Select": [2, {"Fn::Split": ["/", att("Url", "FunctionUrl")]}]}
    part = Part(resources, {"Url": att("Url", "FunctionUrl")})
    return Door(part, host, signed=not options.public)


def _http_api(options: DeployOptions) -> Door:
    api = {"Name": ref("AWS::StackName"), "ProtocolType": "HTTP"}
    integration = {
        "ApiId": ref("HttpApi"),
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": ref(ALIAS),
        "PayloadFormatVersion": "2.0",
    }
    route = {
        "ApiId": ref("HttpApi"),
        "RouteKey": "$default",
        "Target": sub("integrations/${HttpApiIntegration}"),
    }
    stage = {"ApiId": ref("HttpApi"), "StageName": "$default", "AutoDeploy": True}
    source = sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*")
    resources: dict[str, Resource] = {
        "HttpApi": made("AWS::ApiGatewayV2::Api", api),
        "HttpApiIntegration": made("AWS::ApiGatewayV2::Integration", integration),
        "HttpApiRoute": made("AWS::ApiGatewayV2::Route", route),
        "HttpApiStage": made("AWS::ApiGatewayV2::Stage", stage),
        "HttpApiPermission": permission("apigateway.amazonaws.com", source),
    }
    outputs = {"Url": sub("https://" + _EXECUTE_API % "HttpApi")}
    if _own_domain(options):
        configuration = {"CertificateArn": options.certificate, "EndpointType": "REGIONAL"}
        resources |= {
            "Domain": made(
                "AWS::ApiGatewayV2::DomainName",
                {"DomainName": options.domain, "DomainNameConfigurations": [configuration]},
            ),
            "DomainMapping": made(
                "AWS::ApiGatewayV2::ApiMapping",
                {
                    "ApiId": ref("HttpApi"),
                    "DomainName": ref("Domain"),
                    "Stage": ref("HttpApiStage"),
                },
            ),
            **_regional_record(options),
        }
        outputs |= _domain_outputs(options, att("Domain", "RegionalDomainName"))
    return Door(Part(resources, outputs), sub(_EXECUTE_API % "HttpApi"))


def _rest_api(options: DeployOptions, streaming: bool) -> Door:
    integration: dict[str, Any] = {
        "Type": "AWS_PROXY",
        "IntegrationHttpMethod": "POST",
        "Uri": sub(_STREAMING_URI if streaming else _BUFFERED_URI),
    }
    if streaming:
        integration["ResponseTransferMode"] = "STREAM"
    method = {
        "RestApiId": ref("RestApi"),
        "HttpMethod": "ANY",
        "AuthorizationType": "NONE",
        "Integration": integration,
    }
    root = {**method, "ResourceId": att("RestApi", "RootResourceId")}
    # A deployment is a snapshot of the API: another API needs another deployment.
    digest = hashlib.sha256(json.dumps(root).encode()).hexdigest()[:10]
    deployment = f"RestApiDeployment{digest}"
    source = sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${RestApi}/*")
    api = {"Name": ref("AWS::StackName"), "BinaryMediaTypes": ["*/*"]}
    endpoint = {"EndpointConfiguration": {"Types": ["REGIONAL"]}}
    proxy = {
        "RestApiId": ref("RestApi"),
        "ParentId": att("RestApi", "RootResourceId"),
        "PathPart": "{proxy+}",
    }
    stage = {
        "RestApiId": ref("RestApi"),
        "DeploymentId": ref(deployment),
        "StageName": _STAGE,
    }
    resources: dict[str, Resource] = {
        "RestApi": made("AWS::ApiGateway::RestApi", {**api, **endpoint}),
        "RestApiProxy": made("AWS::ApiGateway::Resource", proxy),
        "RestApiRoot": made("AWS::ApiGateway::Method", root),
        "RestApiAny": made(
            "AWS::ApiGateway::Method", {**method, "ResourceId": ref("RestApiProxy")}
        ),
        deployment: {
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": ["RestApiRoot", "RestApiAny"],
            "Properties": {"RestApiId": ref("RestApi")},
        },
        "RestApiStage": made("AWS::ApiGateway::Stage", stage),
        "RestApiPermission": permission("apigateway.amazonaws.com", source),
    }
    outputs = {"Url": sub(f"https://{_EXECUTE_API % 'RestApi'}/{_STAGE}")}
    if _own_domain(options):
        domain = {
            "DomainName": options.domain,
            "RegionalCertificateArn": options.certificate,
            "EndpointConfiguration": {"Types": ["REGIONAL"]},
        }
        mapping = {
            "DomainName": ref("Domain"),
            "RestApiId": ref("RestApi"),
            "Stage": ref("RestApiStage"),
        }
        resources |= {
            "Domain": made("AWS::ApiGateway::DomainName", domain),
            "DomainMapping": made("AWS::ApiGateway::BasePathMapping", mapping),
            **_regional_record(options),
        }
        outputs |= _domain_outputs(options, att("Domain", "RegionalDomainName"))
    host = sub(_EXECUTE_API % "RestApi")
    return Door(Part(resources, outputs), host, path=f"/{_STAGE}")


def _regional_record(options: DeployOptions) -> Mapping[str, Resource]:
    host, zone = (att("Domain", f"Regional{name}") for name in ("DomainName", "HostedZoneId"))
    return alias_record(options.domain, options.hosted_zone, host, zone)


def _load_balancer(options: DeployOptions) -> Door:
    group = {
        "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "DependsOn": ["TargetGroupPermission"],
        "Properties": {
            "TargetType": "lambda",
            "Targets": [{"Id": ref(ALIAS)}],
            "TargetGroupAttributes": [
                {"Key": "lambda.multi_value_headers.enabled", "Value": "true"}
            ],
        },
    }
    own = _own_domain(options)
    front = balanced(
        Balancer(
            options.alb,
            options.domain if own else None,
            options.certificate if own else None,
            options.hosted_zone if own else None,
            security_groups=list(options.alb.security_groups),
            subnets=list(options.alb.subnets),
        )
    )
    resources: dict[str, Resource] = {
        "TargetGroup": group,
        # The target group is created after the permission that it needs.
        "TargetGroupPermission": permission(
            "elasticloadbalancing.amazonaws.com", SourceAccount=ref("AWS::AccountId")
        ),
        **front.resources,
    }
    part = Part(resources, front.outputs)
    if options.alb.listener:
        return Door(part)
    return Door(part, att("LoadBalancer", "DNSName"), scheme="https" if own else "http")


def _own_domain(options: DeployOptions) -> bool:
    return bool(options.domain) and not options.cloudfront


def _domain_outputs(options: DeployOptions, host: Any) -> Mapping[str, Any]:
    return {"Url": f"https://{options.domain}", "DomainTarget": host}
