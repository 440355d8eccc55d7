using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Errors;

/// <summary>
/// Makes the errors of one service: a google.rpc.Status with google.rpc.ErrorInfo (a stable reason in this domain) and what else
/// the standard defines for the case. An error is a value: a stream answers with it, a unary method throws it as
/// <see cref="StatusException"/>. This is the only place that pairs an error with a gRPC code. Each error is within <see cref="ErrorBounds"/>.
/// </summary>
public sealed class ErrorDomain(string domain)
{
    /// <summary>The key of google.rpc.ErrorInfo's metadata that says how many violations there are, where not all are listed.</summary>
    public const string ViolationsKey = "violations";

    /// <summary>
    /// INVALID_ARGUMENT: the request itself is wrong, whatever the state of the system. It names the bad fields, at most the first 20. Where
    /// there are more, the message says how many, and so does <see cref="ViolationsKey"/>.
    /// </summary>
    public Status Invalid(FieldViolations violations)
    {
        var info = new ErrorInfo { Reason = "INVALID_FIELDS", Domain = domain };
        if (violations.Total > ErrorBounds.MaxViolations)
            info.Metadata[ViolationsKey] = violations.Total.ToString(CultureInfo.InvariantCulture);
        var bad = new BadRequest();
        bad.FieldViolations.AddRange(violations);
        return Make(StatusCode.InvalidArgument, ErrorBounds.Message(violations), info, bad);
    }

    /// <summary>NOT_FOUND: the resource does not exist. <paramref name="type"/> is a message's name, such as <c>users.v1.User</c>.</summary>
    public Status NotFound(string type, string id) =>
        Make(StatusCode.NotFound, "NOT_FOUND", $"There is no {Short(type)} with id '{id}'.", new ResourceInfo { ResourceType = type, ResourceName = id });

    /// <summary>ALREADY_EXISTS: there is a resource with this value in a field that must be unique.</summary>
    public Status AlreadyExists(string type, string field, string value)
    {
        var bad = new BadRequest();
        bad.FieldViolations.Add(new BadRequest.Types.FieldViolation { Field = field, Description = "is taken" });
        return Make(StatusCode.AlreadyExists, "ALREADY_EXISTS", $"There is already a {Short(type)} with this {field}.",
            bad, new ResourceInfo { ResourceType = type, ResourceName = value });
    }

    /// <summary>ABORTED, reason VERSION_MISMATCH: the caller's view of a resource is out of date: read it again and retry.</summary>
    public Status VersionMismatch(string type, long version, long given) =>
        Make(StatusCode.Aborted, "VERSION_MISMATCH", $"The {Short(type)} has version {version}, not {given}: read it again.");

    /// <summary>ABORTED, reason IDEMPOTENCY_KEY_REUSED: the key of a command that was carried out came with another request.</summary>
    public Status KeyReused() => Make(StatusCode.Aborted, "IDEMPOTENCY_KEY_REUSED", "The idempotency key was used for another request.");

    /// <summary>FAILED_PRECONDITION: not possible in the present state; trying again is useless until that changes.</summary>
    public Status FailedPrecondition(string reason, string subject, string message)
    {
        var failure = new PreconditionFailure();
        failure.Violations.Add(new PreconditionFailure.Types.Violation { Type = reason, Subject = subject, Description = message });
        return Make(StatusCode.FailedPrecondition, reason, message, failure);
    }

    /// <summary>RESOURCE_EXHAUSTED: a limit is reached; try again later.</summary>
    public Status Exhausted(string reason, string message) => Make(StatusCode.ResourceExhausted, reason, message);

    /// <summary>RESOURCE_EXHAUSTED, with a RetryInfo of a second: more is asked for at once than can be done, which passes.</summary>
    public Status Overloaded(string reason, string message) => Make(StatusCode.ResourceExhausted, reason, message, RetrySoon);

    /// <summary>RESOURCE_EXHAUSTED, with QuotaFailure and RetryInfo: the caller has reached a bound of its own.</summary>
    /// <param name="reason">The stable reason.</param>
    /// <param name="message">What the caller is told.</param>
    /// <param name="subject">Whose bound it is: the kind of caller, and never who it is.</param>
    /// <param name="retryAfter">When to try again.</param>
    public Status QuotaExceeded(string reason, string message, string subject, TimeSpan retryAfter)
    {
        var failure = new QuotaFailure();
        failure.Violations.Add(new QuotaFailure.Types.Violation { Subject = subject, Description = message });
        return Make(StatusCode.ResourceExhausted, reason, message, failure, new RetryInfo { RetryDelay = Duration.FromTimeSpan(retryAfter) });
    }

    /// <summary>UNAVAILABLE: something that this service needs cannot be reached; try again after a while.</summary>
    public Status Unavailable(string reason, string message) => Make(StatusCode.Unavailable, reason, message);

    /// <summary>UNAVAILABLE, with a RetryInfo of a second: something is away that is expected to return.</summary>
    public Status UnavailableForNow(string reason, string message) => Make(StatusCode.Unavailable, reason, message, RetrySoon);

    /// <summary>Any other code.</summary>
    public Status Other(StatusCode code, string reason, string message) => Make(code, reason, message);

    private static RetryInfo RetrySoon => new() { RetryDelay = new Duration { Seconds = 1 } };

    private Status Make(StatusCode code, string reason, string message, params Google.Protobuf.IMessage[] details) =>
        Make(code, message, [new ErrorInfo { Reason = reason, Domain = domain }, .. details]);

    private static Status Make(StatusCode code, string message, params Google.Protobuf.IMessage[] details)
    {
        var status = new Status { Code = (int)code, Message = message };
        status.Details.AddRange(details.Select(Any.Pack));
        return ErrorBounds.Fit(status);
    }

    // A message's name in words.
    private static string Short(string type) =>
        string.Concat(type[(type.LastIndexOf('.') + 1)..].Select((letter, i) => (i > 0 && char.IsAsciiLetterUpper(letter) ? " " : "") + char.ToLowerInvariant(letter)));
}
