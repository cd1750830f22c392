"""The IAM actions that CloudFormation needs for each type of resource.

Source: the schemas of the types in the CloudFormation registry, which list what their
handlers call.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ("HANDLER_ACTIONS",)

HANDLER_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "AWS::Lambda::Function": (
        "lambda:CreateFunction", "lambda:DeleteFunction", "lambda:DeleteFunctionConcurrency",
        "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig",
        "lambda:GetFunctionConfiguration", "lambda:GetFunctionRecursionConfig",
        "lambda:GetRuntimeManagementConfig", "lambda:ListTags", "lambda:PutFunctionConcurrency",
        "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
    ),
    "AWS::Lambda::Version": (
        "lambda:DeleteProvisionedConcurrencyConfig", "lambda:GetFunctionConfiguration",
        "lambda:GetProvisionedConcurrencyConfig", "lambda:ListVersionsByFunction",
        "lambda:PublishVersion", "lambda:PutProvisionedConcurrencyConfig",
    ),
    "AWS::Lambda::Alias": (
        "lambda:CreateAlias", "lambda:DeleteAlias", "lambda:GetAlias", "lambda:UpdateAlias",
    ),
    "AWS::Lambda::Url": (
        "lambda:CreateFunctionUrlConfig", "lambda:DeleteFunctionUrlConfig",
        "lambda:GetFunctionUrlConfig", "lambda:UpdateFunctionUrlConfig",
    ),
    "AWS::Lambda::Permission": (
        "lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission",
    ),
    "AWS::Lambda::EventSourceMapping": (
        "lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping",
        "lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping",
    ),
    "AWS::Logs::LogGroup": (
        "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DescribeLogGroups",
        "logs:ListTagsForResource", "logs:PutRetentionPolicy", "logs:TagResource",
        "logs:UntagResource",
    ),
    "AWS::IAM::Role": (
        "iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy", "iam:GetRole", "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:PutRolePolicy",
        "iam:TagRole", "iam:UntagRole", "iam:UpdateRole",
    ),
    "AWS::ApiGateway": (
        "apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST",
        "apigateway:PUT",
    ),
    "AWS::CloudFront::Distribution": (
        "cloudfront:CreateDistribution", "cloudfront:DeleteDistribution",
        "cloudfront:GetDistribution", "cloudfront:GetDistributionConfig",
        "cloudfront:ListTagsForResource", "cloudfront:TagResource",
        "cloudfront:UpdateDistribution",
    ),
    "AWS::CloudFront::OriginAccessControl": (
        "cloudfront:CreateOriginAccessControl", "cloudfront:DeleteOriginAccessControl",
        "cloudfront:GetOriginAccessControl", "cloudfront:UpdateOriginAccessControl",
    ),
    "AWS::CloudFront::CachePolicy": (
        "cloudfront:CreateCachePolicy", "cloudfront:DeleteCachePolicy",
        "cloudfront:GetCachePolicy", "cloudfront:UpdateCachePolicy",
    ),
    "AWS::ElasticLoadBalancingV2": (
        "elasticloadbalancing:AddTags", "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateRule",
        "elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:DeleteListener",
        "elasticloadbalancing:DeleteLoadBalancer", "elasticloadbalancing:DeleteRule",
        "elasticloadbalancing:DeleteTargetGroup", "elasticloadbalancing:DeregisterTargets",
        "elasticloadbalancing:DescribeListenerAttributes",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeRules",
        "elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth",
        "elasticloadbalancing:ModifyListener",
        "elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:ModifyRule",
        "elasticloadbalancing:ModifyTargetGroup",
        "elasticloadbalancing:ModifyTargetGroupAttributes",
        "elasticloadbalancing:RegisterTargets", "elasticloadbalancing:RemoveTags",
        "elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets",
    ),
    "AWS::Route53::RecordSet": (
        "route53:ChangeResourceRecordSets", "route53:GetChange", "route53:GetHostedZone",
        "route53:ListResourceRecordSets",
    ),
    "AWS::Events::Rule": (
        "events:DeleteRule", "events:DescribeRule", "events:ListTargetsByRule", "events:PutRule",
        "events:PutTargets", "events:RemoveTargets", "events:TagResource",
    ),
    "AWS::SNS::Subscription": (
        "sns:GetSubscriptionAttributes", "sns:Subscribe", "sns:Unsubscribe",
    ),
    "AWS::EC2::SecurityGroup": (
        "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateSecurityGroup", "ec2:CreateTags",
        "ec2:DeleteSecurityGroup", "ec2:DeleteTags", "ec2:DescribeSecurityGroups",
        "ec2:RevokeSecurityGroupIngress",
    ),
    "AWS::ECS::Cluster": (
        "ecs:CreateCluster", "ecs:DeleteCluster", "ecs:DescribeClusters", "ecs:TagResource",
        "ecs:UntagResource", "ecs:UpdateCluster",
    ),
    "AWS::ECS::TaskDefinition": (
        "ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition",
        "ecs:RegisterTaskDefinition", "ecs:TagResource", "ecs:UntagResource",
    ),
    "AWS::ECS::Service": (
        "ecs:CreateService", "ecs:DeleteService", "ecs:DescribeServiceDeployments",
        "ecs:DescribeServices", "ecs:ListServiceDeployments", "ecs:TagResource",
        "ecs:UntagResource", "ecs:UpdateService",
    ),
    "AWS::ApplicationAutoScaling::ScalableTarget": (
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:ListTagsForResource",
        "application-autoscaling:RegisterScalableTarget",
        "application-autoscaling:TagResource", "application-autoscaling:UntagResource",
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": (
        "application-autoscaling:DeleteScalingPolicy",
        "application-autoscaling:DescribeScalingPolicies",
        "application-autoscaling:PutScalingPolicy", "cloudwatch:DeleteAlarms",
        "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm",
    ),
}  # fmt: skip
"""The actions, by the type or by a prefix of several types."""
