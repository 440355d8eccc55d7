using Google.Rpc;
using Grpc.Core;
using Microservices.Hosting.Auth;
using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Errors;

/// <summary>A kind of problem: the last segment of its URI, its HTTP status, its title, and what a caller can do about it.</summary>
internal sealed record ProblemType(string Name, int HttpStatus, string Title, string Advice)
{
    /// <summary>The type's stable URI, relative to the gateway, where it is explained.</summary>
    public string Uri { get; } = ProblemTypes.Path + Name;
}

/// <summary>All kinds of problems. The only place that pairs a gRPC code with an HTTP status.</summary>
internal static class ProblemTypes
{
    public const string Path = "/problems/";

    public static readonly ProblemType Invalid = new("invalid-request", 400, "The request is not valid", "`errors` names every field, parameter or header that is wrong.");
    private static readonly ProblemType Malformed = new("bad-request", 400, "The request is not valid HTTP", "Correct the request.");
    private static readonly ProblemType Unauthenticated = new("unauthenticated", 401, "Authentication required", "Send valid credentials.");
    private static readonly ProblemType PermissionDenied = new("permission-denied", 403, "Permission denied", "Ask for the permission.");
    private static readonly ProblemType NotFound = new("not-found", 404, "Resource not found", "Check the id.");
    private static readonly ProblemType NoRoute = new("no-such-route", 404, "Route not found", "See /docs for the routes there are.");
    private static readonly ProblemType Method = new("method-not-allowed", 405, "Method not allowed", "The header Allow names the methods of the route.");
    private static readonly ProblemType NotAcceptable = new("not-acceptable", 406, "The answer has no form that the request accepts", "Accept the media type that /docs has for the route.");
    private static readonly ProblemType Slow = new("request-too-slow", 408, "The request took too long to arrive", "Send it faster.");
    private static readonly ProblemType Exists = new("already-exists", 409, "Resource already exists", "`errors` names the field whose value is taken.");
    private static readonly ProblemType Conflict = new("conflict", 409, "The request conflicts with an earlier change", "`reason` says which. Read the resource again, then decide.");
    private static readonly ProblemType TooLarge = new("body-too-large", 413, "The request body is too large", "Send less at once.");
    private static readonly ProblemType TargetTooLong = new("uri-too-long", 414, "The path and query are too long", "Send at most 8 KiB of them.");
    private static readonly ProblemType MediaType = new("unsupported-media-type", 415, "The request body has a type or an encoding that is not taken", "Send it uncompressed, and JSON as application/json in UTF-8.");
    private static readonly ProblemType Precondition = new("failed-precondition", 422, "The current state does not allow this", "`reason` says why. Another attempt does not help until the state changes.");
    public static readonly ProblemType AnswerTooLarge = new("answer-too-large", 422, "The answer is too large", "Ask for fewer users, orders or parts at once.");
    private static readonly ProblemType Quota = new("too-many-requests", 429, "Too many requests", "Wait as long as Retry-After says.");
    private static readonly ProblemType HeadersTooLarge = new("headers-too-large", 431, "The request headers are too large", "Send at most 100 headers, and 32 KiB of them.");
    private static readonly ProblemType Internal = new("internal-error", 500, "The gateway failed", "Report it with the `traceId`.");
    private static readonly ProblemType Upstream = new("upstream-error", 502, "A service behind the gateway failed", "Report it with the `traceId`.");
    private static readonly ProblemType Unavailable = new("unavailable", 503, "A service behind the gateway is not available", "Try again after Retry-After.");
    private static readonly ProblemType Overloaded = new("overloaded", 503, "A service behind the gateway is overloaded", "Try again after Retry-After.");
    private static readonly ProblemType Timeout = new("deadline-exceeded", 504, "The answer was not ready in time", "Allow more time with Request-Timeout, or try again.");

    /// <summary>Every kind.</summary>
    public static IReadOnlyList<ProblemType> All { get; } =
    [
        Invalid, Malformed, Unauthenticated, PermissionDenied, NotFound, NoRoute, Method, NotAcceptable, Slow, Exists, Conflict, TooLarge, TargetTooLong, MediaType, Precondition,
        AnswerTooLarge, Quota, HeadersTooLarge, Internal, Upstream, Unavailable, Overloaded, Timeout,
    ];

    /// <summary>
    /// The kind of a gRPC status. RESOURCE_EXHAUSTED is 429 when the status carries google.rpc.QuotaFailure, the caller's own limit;
    /// else 503, the service's.
    /// </summary>
    public static ProblemType Of(Status status) => (StatusCode)status.Code switch
    {
        StatusCode.OutOfRange when status.GetDetail<ErrorInfo>()?.Reason == GatewayErrors.AnswerTooLargeReason => AnswerTooLarge,
        StatusCode.InvalidArgument or StatusCode.OutOfRange => Invalid,
        StatusCode.Unauthenticated => Unauthenticated,
        StatusCode.PermissionDenied => PermissionDenied,
        StatusCode.NotFound => NotFound,
        StatusCode.AlreadyExists => Exists,
        StatusCode.Aborted => Conflict,
        StatusCode.FailedPrecondition => Precondition,
        StatusCode.ResourceExhausted => status.GetDetail<QuotaFailure>() is null ? Overloaded : Quota,
        StatusCode.Unavailable or StatusCode.Cancelled => Unavailable,
        StatusCode.DeadlineExceeded => Timeout,
        _ => Upstream,
    };

    /// <summary>The kind of an HTTP status that HTTP itself, not a service, is the reason of.</summary>
    public static ProblemType Of(int httpStatus) => httpStatus switch
    {
        StatusCodes.Status404NotFound => NoRoute,
        StatusCodes.Status405MethodNotAllowed => Method,
        StatusCodes.Status406NotAcceptable => NotAcceptable,
        StatusCodes.Status408RequestTimeout => Slow,
        StatusCodes.Status413PayloadTooLarge => TooLarge,
        StatusCodes.Status414UriTooLong => TargetTooLong,
        StatusCodes.Status431RequestHeaderFieldsTooLarge => HeadersTooLarge,
        StatusCodes.Status415UnsupportedMediaType => MediaType,
        >= 500 => Internal,
        _ => Malformed,
    };

    /// <summary>Maps the pages that the types' URIs lead to.</summary>
    public static void MapProblemTypes(this WebApplication app)
    {
        foreach (var type in All)
        {
            app.MapGet(type.Uri, () => TypedResults.Text($"{type.HttpStatus} {type.Title}\n\n{type.Advice}\n"))
                .OpenToAll().ExcludeFromDescription();
        }
    }
}
