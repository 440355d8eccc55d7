using System.ComponentModel.DataAnnotations;

namespace Microservices.Notifications;

/// <summary>What is kept: section <c>Notifications</c>.</summary>
internal sealed class NotificationsOptions : IValidatableObject
{
    /// <summary>How long a notification is kept, read or not. Default 90 days; 1 min to 10 years.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(90);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Retention < TimeSpan.FromMinutes(1) || Retention > TimeSpan.FromDays(3650))
            yield return new ValidationResult("must be from 00:01:00 to 3650.00:00:00", [nameof(Retention)]);
    }
}
