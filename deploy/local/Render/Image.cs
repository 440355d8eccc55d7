namespace Microservices.Local.Render;

/// <summary>The container image of a service.</summary>
internal static class Image
{
    private const string Version = "1.0.0";

    /// <summary>Its name and version: "microservices/orders:1.0.0".</summary>
    public static string Of(ServiceDefinition service) => $"microservices/{service.Name}:{Version}";
}
