"""The CloudFront distribution in front of a door. Pure.

It caches only the paths in the setting `static`, for as long as the app's Cache-Control says.
Sources: "Use managed cache policies" and "Use managed origin request policies" for the ids,
"Restrict access to an AWS Lambda function URL origin" for the signing, all in the Amazon CloudFront
developer guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferryman.aws.load_balancing import alias_record
from ferryman.aws.template_parts import Part, Resource, att, ref, sub
from ferryman.targets.lambda_.deploying.doors import Door
from ferryman.targets.lambda_.deploying.options import DeployOptions
from ferryman.targets.lambda_.deploying.parts import permission

__all__ = ("distribution",)

_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
_ORIGIN = "door"
# The zone of all distributions: "Amazon CloudFront endpoints and quotas".
_ZONE = "Z2FDTNDATAQYW2"
# "Origin response timeout", which can be raised to 60 s without asking AWS.
_ORIGIN_SECONDS = 60


def distribution(options: DeployOptions, front: Door) -> Part:
    """Return the distribution in front of a door, if the settings ask for one."""
    if not options.cloudfront:
        return Part()
    config: dict[str, Any] = {
        "Enabled": True,
        "Comment": ref("AWS::StackName"),
        "HttpVersion": "http2and3",
        "IPV6Enabled": True,
        "Origins": [_origin(front)],
        "DefaultCacheBehavior": _behaviour(_CACHING_DISABLED),
    }
    if options.static:
        config["CacheBehaviors"] = [
            {**_behaviour(ref("StaticPolicy")), "PathPattern": path} for path in options.static
        ]
    resources: dict[str, Resource] = {"StaticPolicy": _static_policy()} if options.static else {}
    outputs: dict[str, Any] = {"Url": sub("https://${Distribution.DomainName}")}
    if options.domain:
        config["Aliases"] = [options.domain]
        config["ViewerCertificate"] = {
            "AcmCertificateArn": options.certificate,
            "SslSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        }
        host = att("Distribution", "DomainName")
        resources |= alias_record(options.domain, options.hosted_zone, host, _ZONE)
        outputs |= {"Url": f"https://{options.domain}", "DomainTarget": host}
    resources["Distribution"] = {
        "Type": "AWS::CloudFront::Distribution",
        "Properties": {"DistributionConfig": config},
    }
    if front.signed:
        resources |= _signing()
    return Part(resources, outputs)


def _origin(front: Door) -> Mapping[str, Any]:
    custom = {
        "OriginProtocolPolicy": f"{front.scheme}-only",
        "OriginSSLProtocols": ["TLSv1.2"],
        "OriginReadTimeout": _ORIGIN_SECONDS,
    }
    origin: dict[str, Any] = {
        "Id": _ORIGIN,
        "DomainName": front.host,
        "CustomOriginConfig": custom,
    }
    if front.path:
        origin["OriginPath"] = front.path
    if front.signed:
        origin["OriginAccessControlId"] = att("OriginAccess", "Id")
    return origin


def _static_policy() -> Resource:
    """Return the policy that caches a response as long as its Cache-Control says, and no longer.

    The managed policy for this passes the viewer's Host on, which no door accepts.
    """
    config = {
        "Name": sub("${AWS::StackName}-static"),
        "MinTTL": 0,
        "DefaultTTL": 0,
        "MaxTTL": 31536000,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "CookiesConfig": {"CookieBehavior": "none"},
            "HeadersConfig": {"HeaderBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "all"},
            "EnableAcceptEncodingGzip": True,
            "EnableAcceptEncodingBrotli": True,
        },
    }
    return {"Type": "AWS::CloudFront::CachePolicy", "Properties": {"CachePolicyConfig": config}}


def _behaviour(policy: Any) -> Mapping[str, Any]:
    return {
        "TargetOriginId": _ORIGIN,
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
        "CachePolicyId": policy,
        "OriginRequestPolicyId": _ALL_BUT_HOST,
        # Compression is up to the app; CloudFront does not change it.
        "Compress": False,
    }


def _signing() -> Mapping[str, Resource]:
    """Return the permissions that let only the distribution call the Function URL."""
    config = {
        "Name": ref("AWS::StackName"),
        "OriginAccessControlOriginType": "lambda",
        "SigningBehavior": "always",
        "SigningProtocol": "sigv4",
    }
    source = sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}")
    service = "cloudfront.amazonaws.com"
    return {
        "OriginAccess": {
            "Type": "AWS::CloudFront::OriginAccessControl",
            "Properties": {"OriginAccessControlConfig": config},
        },
        "UrlPermission": permission(service, source, Action="lambda:InvokeFunctionUrl"),
        "UrlInvokePermission": permission(service, source, InvokedViaFunctionUrl=True),
    }
