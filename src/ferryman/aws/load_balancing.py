"""An Application Load Balancer, and the rule that leads to a target group. Pure.

The rule forwards to a list of target groups with weights, even for one group, so that another
group, of a function or of addresses, can join at weight 0. Source: "AWS::ElasticLoadBalancingV2" in
the CloudFormation template reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ferryman.aws.deploy_settings import AlbOptions
from ferryman.aws.template_parts import Part, Resource, att, made, ref, sub

__all__ = ("Balancer", "alias_record", "balanced", "balancer_full_name")

_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_GROUP = "TargetGroup"


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer in front of the resource `TargetGroup`.

    Attributes:
        alb: Its settings.
        domain: Its own domain, or None.
        certificate: The ARN of the domain's certificate, or None.
        hosted_zone: The Route 53 zone that gets the domain's record, or None.
        security_groups: Security groups of a new load balancer.
        subnets: Subnets of a new load balancer.
        scheme: `internet-facing` or `internal`.
        attributes: Attributes of a new load balancer.
    """

    alb: AlbOptions
    domain: str | None = None
    certificate: str | None = None
    hosted_zone: str | None = None
    security_groups: Any = ()
    subnets: Any = ()
    scheme: str = "internet-facing"
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """The port of a new load balancer."""
        return 443 if self.domain else 80


def balanced(balancer: Balancer) -> Part:
    """Return the rule, and a load balancer if the settings name none.

    Its outputs are the rule, which a migration changes, and the URL if known.
    """
    alb = balancer.alb
    listener = alb.listener or ref("Listener")
    resources: dict[str, Resource] = {"ListenerRule": _rule(alb, listener)}
    outputs: dict[str, Any] = {"TargetGroup": ref(_GROUP), "ListenerRule": ref("ListenerRule")}
    if alb.listener:
        return Part(resources, outputs)
    host = att("LoadBalancer", "DNSName")
    resources |= _own_load_balancer(balancer)
    outputs["Url"] = sub("http://${LoadBalancer.DNSName}")
    if balancer.domain:
        zone = att("LoadBalancer", "CanonicalHostedZoneID")
        resources |= alias_record(balancer.domain, balancer.hosted_zone, host, zone)
        outputs |= {"Url": f"https://{balancer.domain}", "DomainTarget": host}
    return Part(resources, outputs)


def balancer_full_name(alb: AlbOptions) -> Any:
    """Return the load balancer's name in metrics: `app/NAME/ID`."""
    if alb.listener:
        return "/".join(alb.listener.partition(":listener/")[2].split("/")[:3])
    return att("LoadBalancer", "LoadBalancerFullName")


def alias_record(
    domain: str | None, hosted_zone: str | None, host: Any, zone: Any
) -> Mapping[str, Resource]:
    """Return the records that point a domain to a host of AWS; empty without a zone."""
    if not hosted_zone:
        return {}
    target = {"DNSName": host, "HostedZoneId": zone}
    record = {"HostedZoneId": hosted_zone, "Name": domain, "AliasTarget": target}
    return {
        f"Record{kind}": made("AWS::Route53::RecordSet", {**record, "Type": kind})
        for kind in ("A", "AAAA")
    }


def _own_load_balancer(balancer: Balancer) -> Mapping[str, Resource]:
    properties: dict[str, Any] = {
        "Type": "application",
        "Scheme": balancer.scheme,
        "Subnets": balancer.subnets,
    }
    if balancer.security_groups:
        properties["SecurityGroups"] = balancer.security_groups
    if balancer.attributes:
        properties["LoadBalancerAttributes"] = [
            {"Key": key, "Value": value} for key, value in balancer.attributes.items()
        ]
    nothing = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no such place"}
    unmatched = {"Type": "fixed-response", "FixedResponseConfig": nothing}
    resources = {
        "LoadBalancer": made("AWS::ElasticLoadBalancingV2::LoadBalancer", properties),
        "Listener": _listener(balancer.port, [unmatched], balancer.certificate),
    }
    if balancer.domain:
        secure = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
        redirect = {"Type": "redirect", "RedirectConfig": secure}
        resources["PlainListener"] = _listener(80, [redirect], None)
    return resources


def _listener(port: int, actions: Sequence[Any], certificate: str | None) -> Resource:
    properties: dict[str, Any] = {
        "LoadBalancerArn": ref("LoadBalancer"),
        "Port": port,
        "Protocol": "HTTPS" if certificate else "HTTP",
        "DefaultActions": actions,
    }
    if certificate:
        properties["Certificates"] = [{"CertificateArn": certificate}]
        properties["SslPolicy"] = _TLS_POLICY
    return made("AWS::ElasticLoadBalancingV2::Listener", properties)


def _rule(alb: AlbOptions, listener: Any) -> Resource:
    conditions = [
        {"Field": name, config: {"Values": list(values)}}
        for name, config, values in (
            ("host-header", "HostHeaderConfig", alb.hosts),
            ("path-pattern", "PathPatternConfig", alb.paths),
        )
        if values
    ]
    groups = [{"TargetGroupArn": ref(_GROUP), "Weight": 1}]
    return made(
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        {
            "ListenerArn": listener,
            "Priority": alb.priority,
            "Conditions": conditions,
            "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
        },
    )
