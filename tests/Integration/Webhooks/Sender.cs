using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microservices.Webhooks.V1;
using StandardWebhooks;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>Somebody who sends webhooks, and signs them as the kind's documentation says; by a library that is not ours where there is one.</summary>
/// <param name="Kind">How it signs.</param>
/// <param name="Secret">By what.</param>
internal sealed record Sender(SourceKind Kind, string Secret)
{
    /// <summary>A secret that a sender of the kind may have made.</summary>
    public static string SecretOf(SourceKind kind) => kind switch
    {
        SourceKind.Standard => $"whsec_{Convert.ToBase64String(RandomNumberGenerator.GetBytes(24))}",
        SourceKind.Stripe => $"whsec_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}",
        _ => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20)),
    };

    /// <summary>A body with this id in it.</summary>
    public static byte[] BodyOf(string id) => Encoding.UTF8.GetBytes($$"""{ "id": "{{id}}",  "type":"invoice.paid", "amount": 1.10, "to": "Zo\u00eb ✓" }""");

    /// <summary>The headers that a body is sent with.</summary>
    public Dictionary<string, string> Sign(byte[] body, string id, DateTimeOffset? at = null)
    {
        var time = at ?? DateTimeOffset.UtcNow;
        var seconds = time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var headers = new Dictionary<string, string> { ["content-type"] = "application/json" };
        switch (Kind)
        {
            case SourceKind.Standard:
                (headers["webhook-id"], headers["webhook-timestamp"]) = (id, seconds);
                headers["webhook-signature"] = new StandardWebhook(Secret).Sign(id, time, Encoding.UTF8.GetString(body));
                break;
            case SourceKind.Github:
                (headers["x-github-delivery"], headers["x-github-event"]) = (id, "push");
                headers["x-hub-signature-256"] = $"sha256={Hex(body)}";
                break;
            default:
                headers["stripe-signature"] = $"t={seconds},v0={new string('0', 64)},v1={Hex([.. Encoding.UTF8.GetBytes($"{seconds}."), .. body])}";
                break;
        }

        return headers;
    }

    private string Hex(byte[] signed) => Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), signed));
}
