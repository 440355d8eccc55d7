using Microservices.Hosting.Errors;

namespace Microservices.Users;

/// <summary>What the fields of a user must be.</summary>
internal static class UserValidation
{
    public const int MaxDisplayName = 200;

    public static void CheckDisplayName(this FieldViolations violations, string field, string value) =>
        violations.CheckText(field, value, MaxDisplayName);

    public static void CheckEmail(this FieldViolations violations, string field, string value)
    {
        var already = violations.Total;
        violations.CheckText(field, value, EmailAddress.MaxBytes, EmailAddress.MaxBytes);
        if (violations.Total == already && !EmailAddress.TryGetKey(value, out _))
            violations.Add(field, "must be an e-mail address such as ada@example.com");
    }
}
