using Google.Protobuf.WellKnownTypes;

namespace Microservices.Users;

/// <summary>A user as kept.</summary>
internal sealed class User
{
    public required string UserId { get; init; }

    public required string DisplayName { get; set; }

    public required string Email { get; set; }

    /// <summary>The e-mail without its case: what is unique.</summary>
    public required string EmailKey { get; set; }

    public required long Version { get; set; }

    public required DateTimeOffset CreateTime { get; init; }

    public required DateTimeOffset UpdateTime { get; set; }

    public static string KeyOf(string email) => email.ToLowerInvariant();

    public V1.User ToMessage() => new()
    {
        UserId = UserId,
        DisplayName = DisplayName,
        Email = Email,
        Version = Version,
        CreateTime = CreateTime.ToTimestamp(),
        UpdateTime = UpdateTime.ToTimestamp(),
    };
}
