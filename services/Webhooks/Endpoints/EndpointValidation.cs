using Microservices.Egress;
using Microservices.Hosting.Errors;

namespace Microservices.Webhooks;

/// <summary>The rules for an endpoint's fields.</summary>
internal static class EndpointValidation
{
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
