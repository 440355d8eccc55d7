using System.Net.Mail;
using Microservices.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Users;

/// <summary>The errors of this service, and the rules for a user's fields.</summary>
internal static class UserErrors
{
    public const string Type = "users.v1.User";
    private const int MaxDisplayName = 200;
    private const int MaxEmail = 254;

    public static readonly ErrorDomain Domain = new("users.v1");

    public static Status NotFound(string userId) => Domain.NotFound(Type, userId);

    public static StatusException KeyReused() =>
        new(Domain.Aborted("IDEMPOTENCY_KEY_REUSED", "The idempotency key was used for another request."));

    public static void CheckDisplayName(this FieldViolations violations, string field, string value) =>
        violations.CheckText(field, value, MaxDisplayName);

    public static void CheckEmail(this FieldViolations violations, string field, string value)
    {
        var already = violations.Count();
        violations.CheckText(field, value, MaxEmail);
        // An address and nothing else: no display name, no angle brackets, no blanks around it.
        if (violations.Count() == already && (!MailAddress.TryCreate(value, out var address) || address.Address != value || value.Contains(' ')))
            violations.Add(field, "must be an e-mail address such as ada@example.com");
    }
}
