export default { serverExternalPackages: ['terrachip'] };
