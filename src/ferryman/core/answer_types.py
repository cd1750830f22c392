"""Types of what handlers answer, for the kinds of events whose sender reads the result.

For type checkers alone: an app that names them in annotations loads nothing at run time. The
fields are AWS's own, of the guides of those services, and so are their spellings.
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
    """Of an authorizer of an HTTP API with simple responses."""

    isAuthorized: bool
    context: dict[str, Any]


class PolicyStatement(TypedDict):
    """One statement of a policy."""

    Action: str | list[str]
    Effect: Literal["Allow", "Deny"]
    Resource: str | list[str]


class PolicyDocument(TypedDict):
    """A policy of IAM, whose version is `2012-10-17`."""

    Version: str
    Statement: list[PolicyStatement]


class _AuthorizerPolicy(TypedDict):
    principalId: str
    policyDocument: PolicyDocument


class AuthorizerPolicy(_AuthorizerPolicy, total=False):
    """Of an authorizer of a REST or WebSocket API, or of an HTTP API with policies."""

    context: dict[str, str | int | float | bool]
    usageIdentifierKey: str


class AppSyncAuthorizerAnswer(TypedDict, total=False):
    """Of an authorizer of AppSync."""

    isAuthorized: bool
    resolverContext: dict[str, str]
    deniedFields: list[str]
    ttlOverride: int


class AppSyncBatchItem(TypedDict, total=False):
    """One item of what a resolver of batches returns; a plain resolver returns any JSON."""

    data: Any
    errorMessage: str
    errorType: str


class CognitoResponse(TypedDict, total=False):
    """What a trigger may set, each of them some of it."""

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
    """What the CDK's provider framework reads, of `onEvent` and of `isComplete`."""

    PhysicalResourceId: str
    Data: dict[str, Any]
    NoEcho: bool
    IsComplete: bool


class FirehoseMetadata(TypedDict, total=False):
    """What dynamic partitioning goes by."""

    partitionKeys: dict[str, str]


class _FirehoseRecord(TypedDict):
    recordId: str
    result: Literal["Ok", "Dropped", "ProcessingFailed"]


class FirehoseRecord(_FirehoseRecord, total=False):
    """A record transformed; its data is base64."""

    data: str
    metadata: FirehoseMetadata


class FirehoseAnswer(TypedDict):
    """All records of the event, each with its result."""

    records: list[FirehoseRecord]


class LexMessage(TypedDict, total=False):
    """Something that the bot says."""

    contentType: Literal["CustomPayload", "ImageResponseCard", "PlainText", "SSML"]
    content: str
    imageResponseCard: dict[str, Any]


class LexDialogAction(TypedDict, total=False):
    """The next step of the conversation."""

    type: Literal["Close", "ConfirmIntent", "Delegate", "ElicitIntent", "ElicitSlot"]
    slotToElicit: str
    slotElicitationStyle: Literal["Default", "SpellByLetter", "SpellByWord"]


class LexSessionState(TypedDict, total=False):
    """Where the conversation stands."""

    dialogAction: LexDialogAction
    intent: dict[str, Any]
    activeContexts: list[dict[str, Any]]
    sessionAttributes: dict[str, str]


class LexAnswer(TypedDict, total=False):
    """Of a code hook of Lex V2."""

    sessionState: LexSessionState
    messages: list[LexMessage]
    requestAttributes: dict[str, str]


class S3ObjectAnswer(TypedDict, total=False):
    """For HEAD and lists; what GET is answered with goes by `WriteGetObjectResponse`."""

    statusCode: int
    headers: dict[str, str]
    errorCode: str
    errorMessage: str
    listResultXml: str
    listBucketResult: dict[str, Any]


class _FailedItem(TypedDict):
    itemIdentifier: str


class BatchAnswer(TypedDict):
    """The items that failed, where the handler of a Pipe's list says so itself."""

    batchItemFailures: list[_FailedItem]
