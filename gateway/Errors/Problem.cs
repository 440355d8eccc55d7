using System.Diagnostics;
using System.Globalization;
using Google.Rpc;
using Grpc.Core;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Errors;

/// <summary>What went wrong, as RFC 9457 (application/problem+json) says it.</summary>
public sealed record Problem
{
    /// <summary>The kind of problem: a stable URI, relative to the gateway, that explains it.</summary>
    public required string Type { get; init; }

    /// <summary>The kind of problem in words; the same for all problems of a type.</summary>
    public required string Title { get; init; }

    /// <summary>The HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>
    /// This occurrence in words. Only of problems with the request, never of failures behind the gateway. Where more than 20 things are wrong
    /// with a request, it says how many <see cref="Errors"/> does not list.
    /// </summary>
    public string? Detail { get; init; }

    /// <summary>A stable constant for programs, such as VERSION_MISMATCH.</summary>
    public string? Reason { get; init; }

    /// <summary>What is wrong with each field (`lines[0].quantity`), parameter or header; "$" is the body as a whole.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>Finds the request in traces and logs; absent where it was no HTTP that could be read as a request.</summary>
    public string? TraceId { get; init; }

    /// <summary>The problem that a gRPC status is over HTTP.</summary>
    internal static Problem From(Status status)
    {
        var type = ProblemTypes.Of(status);
        var code = (StatusCode)status.Code;
        // The message of INVALID_ARGUMENT only repeats the violations, in the words of gRPC.
        var explained = GatewayErrors.IsAboutTheRequest(code) && code != StatusCode.InvalidArgument;
        var info = status.GetDetail<ErrorInfo>();
        var violations = status.GetDetail<BadRequest>()?.FieldViolations;
        return From(type) with
        {
            Detail = explained ? Explained(status) : More(info, violations?.Count ?? 0),
            Reason = info?.Reason,
            Errors = violations?
                .GroupBy(violation => FieldNames.ToJson(violation.Field), violation => violation.Description)
                .ToDictionary(field => field.Key, field => field.ToArray()),
        };
    }

    // The text may name the field that it is about, as gRPC has it.
    private static string Explained(Status status) =>
        (status.GetDetail<BadRequest>()?.FieldViolations ?? []).Aggregate(
            status.Message, (text, violation) => violation.Field.Length == 0 ? text : text.Replace(violation.Field, FieldNames.ToJson(violation.Field), StringComparison.Ordinal));

    /// <summary>The problem of a request that HTTP or JSON has something wrong with.</summary>
    internal static Problem From(InvalidRequestException invalid) => From(ProblemTypes.Invalid) with
    {
        Detail = More(invalid.More),
        Reason = "INVALID_FIELDS",
        Errors = invalid.Errors,
    };

    /// <summary>The problem that is only its kind.</summary>
    internal static Problem From(ProblemType type) => new()
    {
        Type = type.Uri,
        Title = type.Title,
        Status = type.HttpStatus,
        TraceId = Activity.Current?.TraceId.ToHexString(),
    };

    private static string? More(ErrorInfo? info, int listed) =>
        info is not null && info.Metadata.TryGetValue(ErrorDomain.ViolationsKey, out var total)
        && int.TryParse(total, NumberStyles.None, CultureInfo.InvariantCulture, out var all) ? More(all - listed) : null;

    private static string? More(int more) =>
        more > 0 ? string.Create(CultureInfo.InvariantCulture, $"{more} more errors are not listed.") : null;
}
