"""Types of handlers' results, for the kinds of events whose sender reads the result.

Only type checkers need them: an app that names them in annotations loads nothing at run time.
Fields and spellings are those of the AWS services' guides.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

__all__ = (
    "AppSyncAuthorizerAnswer",
    "AppSyncBatchItem",
    "AuthorizerAnswer",
    "AuthorizerPolicy",
    "BatchAnswer",
    "CognitoAnswer",
    "CustomResourceAnswer",
    "FirehoseAnswer",
    "LexAnswer",
    "S3ObjectAnswer",
)


class AuthorizerAnswer(TypedDict, total=False):
    """The result of an authorizer of an HTTP API with simple responses."""

    isAuthorized: bool
    context: dict[str, Any]


class PolicyStatement(TypedDict):
    """One statement of a policy."""

    Action: str | list[str]
    Effect: Literal["Allow", "Deny"]
    Resource: str | list[str]


class PolicyDocument(TypedDict):
    """An IAM policy; its version is `2012-10-17`."""

    Version: str
    Statement: list[PolicyStatement]


class _AuthorizerPolicy(TypedDict):
    principalId: str
    policyDocument: PolicyDocument


class AuthorizerPolicy(_AuthorizerPolicy, total=False):
    """The result of an authorizer of a REST or WebSocket API, or of an HTTP API with policies."""

    context: dict[str, str | int | float | bool]
    usageIdentifierKey: str


class AppSyncAuthorizerAnswer(TypedDict, total=False):
    """The result of an AppSync authorizer."""

    isAuthorized: bool
    resolverContext: dict[str, str]
    deniedFields: list[str]
    ttlOverride: int


class AppSyncBatchItem(TypedDict, total=False):
    """One item of a batch resolver's result; a plain resolver returns any JSON."""

    data: Any
    errorMessage: str
    errorType: str


class CognitoResponse(TypedDict, total=False):
    """The fields that triggers may set; each trigger uses some of them."""

    autoConfirmUser: bool
    autoVerifyEmail: bool
    autoVerifyPhone: bool
    smsMessage: str
    emailMessage: str
    emailSubject: str
    challengeName: str
    challengeMetadata: str
    issueTokens: bool
    failAuthentication: bool
    publicChallengeParameters: dict[str, str]
    privateChallengeParameters: dict[str, str]
    answerCorrect: bool
    claimsOverrideDetails: dict[str, Any]
    claimsAndScopeOverrideDetails: dict[str, Any]
    userAttributes: dict[str, str]
    finalUserStatus: str
    messageAction: str
    desiredDeliveryMediums: list[str]
    forceAliasCreation: bool
    enableSMSMFA: bool


class CognitoAnswer(TypedDict, total=False):
    """The event of a trigger, with its `response` filled in."""

    version: str
    triggerSource: str
    region: str
    userPoolId: str
    userName: str
    callerContext: dict[str, Any]
    request: dict[str, Any]
    response: CognitoResponse


class CustomResourceAnswer(TypedDict, total=False):
    """The result that the CDK's provider framework reads, from `onEvent` and from `isComplete`."""

    PhysicalResourceId: str
    Data: dict[str, Any]
    NoEcho: bool
    IsComplete: bool


class FirehoseMetadata(TypedDict, total=False):
    """The keys for dynamic partitioning."""

    partitionKeys: dict[str, str]


class _FirehoseRecord(TypedDict):
    recordId: str
    result: Literal["Ok", "Dropped", "ProcessingFailed"]


class FirehoseRecord(_FirehoseRecord, total=False):
    """A transformed record; its data is base64."""

    data: str
    metadata: FirehoseMetadata


class FirehoseAnswer(TypedDict):
    """All records of the event, each with its result."""

    records: list[FirehoseRecord]


class LexMessage(TypedDict, total=False):
    """A message of the bot."""

    contentType: Literal["CustomPayload", "ImageResponseCard", "PlainText", "SSML"]
    content: str
    imageResponseCard: dict[str, Any]


class LexDialogAction(TypedDict, total=False):
    """The next step of the conversation."""

    type: Literal["Close", "ConfirmIntent", "Delegate", "ElicitIntent", "ElicitSlot"]
    slotToElicit: str
    slotElicitationStyle: Literal["Default", "SpellByLetter", "SpellByWord"]


class LexSessionState(TypedDict, total=False):
    """The state of the conversation."""

    dialogAction: LexDialogAction
    intent: dict[str, Any]
    activeContexts: list[dict[str, Any]]
    sessionAttributes: dict[str, str]


class LexAnswer(TypedDict, total=False):
    """The result of a Lex V2 code hook."""

    sessionState: LexSessionState
    messages: list[LexMessage]
    requestAttributes: dict[str, str]


class S3ObjectAnswer(TypedDict, total=False):
    """The result for HEAD and lists; a response to GET is sent by `WriteGetObjectResponse`."""

    statusCode: int
    headers: dict[str, str]
    errorCode: str
    errorMessage: str
    listResultXml: str
    listBucketResult: dict[str, Any]


class _FailedItem(TypedDict):
    itemIdentifier: str


class BatchAnswer(TypedDict):
    """The items that failed, from a handler that takes a Pipe's whole list."""

    batchItemFailures: list[_FailedItem]
