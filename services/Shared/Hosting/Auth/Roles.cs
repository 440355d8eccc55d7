namespace Microservices.Hosting.Auth;

/// <summary>The roles that people have, as contracts and tokens name them.</summary>
public static class Roles
{
    /// <summary>Everybody who has logged in.</summary>
    public const string User = "user";

    /// <summary>Who runs the suite.</summary>
    public const string Operator = "operator";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [User, Operator];
}
