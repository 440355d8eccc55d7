using System.Buffers;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>The rules for the fields of requests about flows, and how large one may get.</summary>
internal static class FlowValidation
{
    /// <summary>How many steps a flow may have, but for those that undo others.</summary>
    public const int MaxSteps = 2_000;

    /// <summary>How many bytes its input and what its steps have come to may have together.</summary>
    public const int MaxBytes = 2 << 20;

    /// <summary>How many signals are kept until a flow asks for them.</summary>
    public const int MaxSignals = 100;

    /// <summary>The largest payload of a signal, in bytes.</summary>
    public const int MaxPayload = 16 << 10;

    private const int MaxName = 64;
    private const int MaxComment = 500;
    private static readonly SearchValues<char> InName = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly SearchValues<char> InPath = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-[].");

    /// <summary>Whether a step may be called that.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= MaxName && char.IsAsciiLetterLower(name[0]) && !name.AsSpan().ContainsAnyExcept(InName);

    public static void CheckFlow(this FieldViolations violations, StartFlowRequest request, FlowKinds kinds)
    {
        violations.CheckId("owner_id", request.OwnerId);
        if (request.Kind.Length == 0)
            violations.Add("kind", "is required");
        else if (kinds.Find(request.Kind) is not { } kind)
            violations.Add("kind", $"must be one of {string.Join(", ", kinds.Names.Order(StringComparer.Ordinal))}");
        else if (request.Input.Length > Flow.MaxContent)
            violations.Add("input", $"must have at most {Flow.MaxContent} bytes");
        else
            kind.Check(request.Input, violations);
        violations.CheckIdempotencyKey("idempotency_key", request.IdempotencyKey);
    }

    public static void CheckSignal(this FieldViolations violations, SignalFlowRequest request)
    {
        violations.CheckId("flow_id", request.FlowId);
        violations.CheckStepName(request.Name);
        if (request.Payload.Length > MaxPayload)
            violations.Add("payload", $"must have at most {MaxPayload} bytes");
        violations.CheckIdempotencyKey("idempotency_key", request.IdempotencyKey);
    }

    public static void CheckDecision(this FieldViolations violations, DecideFlowRequest request)
    {
        violations.CheckId("flow_id", request.FlowId);
        violations.CheckStepName(request.Name);
        if (request.Comment.Length > 0)
            violations.CheckText("comment", request.Comment, MaxComment);
    }

    public static void CheckRerun(this FieldViolations violations, RerunFlowRequest request)
    {
        violations.CheckId("flow_id", request.FlowId);
        if (request.FromStep is < 0 or > MaxSteps)
            violations.Add("from_step", $"must be 0 to {MaxSteps}");
        violations.CheckIdempotencyKey("idempotency_key", request.IdempotencyKey);
    }

    private static void CheckStepName(this FieldViolations violations, string name)
    {
        if (name.Length == 0)
            violations.Add("name", "is required");
        else if (name.Length > FlowStep.MaxName || !char.IsAsciiLetterLower(name[0]) || name.AsSpan().ContainsAnyExcept(InPath))
            violations.Add("name", $"must be the name of a step: 1 to {FlowStep.MaxName} lower-case letters, digits, '-', and those of the parts of a fan-out");
    }
}
