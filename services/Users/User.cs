using Google.Protobuf.WellKnownTypes;

namespace Microservices.Users;

/// <summary>A user as kept.</summary>
internal sealed class User
{
    public required string UserId { get; init; }

    /// <summary>Which of the partitions of all users the user is in, so that a partition can be read by itself.</summary>
    public required int Partition { get; init; }

    public required string DisplayName { get; set; }

    public required string Email { get; set; }

    /// <summary>What is unique: <see cref="EmailAddress.TryGetKey"/> of the e-mail.</summary>
    public required string EmailKey { get; set; }

    public required long Version { get; set; }

    public required DateTimeOffset CreateTime { get; init; }

    public required DateTimeOffset UpdateTime { get; set; }

    /// <summary>Takes an address that was found valid as the user's.</summary>
    public void SetEmail(string email) => (Email, EmailKey) = (email, KeyOf(email));

    /// <summary>The key of an address that was found valid.</summary>
    public static string KeyOf(string email) =>
        EmailAddress.TryGetKey(email, out var key) ? key : throw new ArgumentException("Not an e-mail address.", nameof(email));

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
