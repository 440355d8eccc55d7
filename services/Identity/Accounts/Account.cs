using System.Text;

namespace Microservices.Identity;

/// <summary>Who may log in: a user's credential and roles. What else there is to know of a user is in Users.</summary>
internal sealed class Account
{
    /// <summary>The role that every account has.</summary>
    public const string UserRole = "user";

    /// <summary>The role of those who see and change what is others'.</summary>
    public const string OperatorRole = "operator";

    /// <summary>The user's id, and the <c>sub</c> of tokens.</summary>
    public required string UserId { get; init; }

    /// <summary>As it was written.</summary>
    public required string Email { get; init; }

    /// <summary>What it is found by.</summary>
    public required string EmailKey { get; init; }

    /// <summary>Kept until Users has it.</summary>
    public required string DisplayName { get; init; }

    /// <summary>The password, salted and hashed by ASP.NET Core Identity's hasher; it states its algorithm and cost.</summary>
    public required string PasswordHash { get; set; }

    /// <summary>Whether Users has the user. An account without is one whose registration was cut short: it goes on when its owner comes back, or is deleted.</summary>
    public bool IsRegistered { get; set; }

    /// <summary>Whether it is an operator's.</summary>
    public bool IsOperator { get; set; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreateTime { get; init; }

    /// <summary>Counts the changes.</summary>
    public long Version { get; set; } = 1;

    /// <summary>Its roles, as tokens have them.</summary>
    public string[] Roles => IsOperator ? [UserRole, OperatorRole] : [UserRole];

    /// <summary>
    /// What an address is found by: without regard to case and width. Users, which is asked before an account can be used, compares more strictly, so that two
    /// addresses that differ here may still be one there, and never the other way round.
    /// </summary>
    public static string KeyOf(string email) => email.Trim().Normalize(NormalizationForm.FormC).ToUpperInvariant();
}
