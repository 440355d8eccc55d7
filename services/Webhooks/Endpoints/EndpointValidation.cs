using Google.Protobuf.WellKnownTypes;
using Microservices.Egress;
using Microservices.Hosting.Errors;

namespace Microservices.Webhooks;

/// <summary>The rules for the fields of endpoints, and for those that sources have as well.</summary>
internal static class EndpointValidation
{
    private static readonly TimeSpan DefaultOverlap = TimeSpan.FromDays(1);
    private static readonly TimeSpan MaxOverlap = TimeSpan.FromDays(7);

    public static void CheckOwner(this FieldViolations violations, string field, string value)
    {
        if (value != Endpoint.Everyone)
            violations.CheckId(field, value);
    }

    public static void CheckUrl(this FieldViolations violations, string field, string value, IEgress egress)
    {
        if (value.Length == 0)
            violations.Add(field, "is required");
        else if (!Uri.TryCreate(value, UriKind.Absolute, out var address))
            violations.Add(field, "must be an https address");
        else if (egress.CheckAddress(address) is { } refusal)
            violations.Add(field, Describe(refusal));
    }

    public static void CheckDescription(this FieldViolations violations, string field, string value)
    {
        if (value.Length > 0)
            violations.CheckText(field, value, Endpoint.MaxDescription);
    }

    /// <summary>How long the old secrets are good beside a new one.</summary>
    public static TimeSpan CheckOverlap(this FieldViolations violations, string field, Duration? value)
    {
        if (value is null)
            return DefaultOverlap;
        if (value is { Seconds: >= 0, Nanos: >= 0 and < 1_000_000_000 } && value.Seconds <= MaxOverlap.TotalSeconds)
            return value.ToTimeSpan();
        violations.Add(field, $"must be 0 to {MaxOverlap.TotalDays} days");
        return default;
    }

    private static string Describe(AddressRefusal refusal) => refusal switch
    {
        AddressRefusal.Scheme => "must be an https address",
        AddressRefusal.TooLong => "must have at most 2048 characters",
        AddressRefusal.UserInfo => "must have no user and no password",
        AddressRefusal.Fragment => "must have no fragment",
        AddressRefusal.Port => "must have port 443, or one from 1024",
        AddressRefusal.Host => "must have a full domain name, or a public IP address in its usual notation, as its host",
        _ => "must not be in a network that is not public",
    };
}
